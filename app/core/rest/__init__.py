"""What every operation of the REST API shares: reading, refusing, paging, replaying, describing itself."""
