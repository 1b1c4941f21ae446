"""What is counted, as it is kept: months of days, people, what came late, and events as they came."""
