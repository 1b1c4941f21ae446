"""The churn model's life: learnt, put in force, checked each night, reported; and what stands in without one."""
