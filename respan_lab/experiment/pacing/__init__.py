"""When a call is sent: whose turn it is, how many at once, how many a minute."""
