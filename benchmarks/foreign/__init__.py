"""Other people's data as the product's own import files: one file a data set, and what is measured on all of them.

An adapter makes frames named as the files of an export would be; everything after that is the product's own.
"""
