"""What every domain stands on: time, money, paging, problems, tenancy, the queue, the look."""
