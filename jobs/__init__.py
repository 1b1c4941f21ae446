"""Work done apart from requests: one file a job, the worker that runs them and the timetable that plans them."""
