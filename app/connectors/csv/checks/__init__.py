"""What may contradict itself in a company's own exports: one file a check."""
