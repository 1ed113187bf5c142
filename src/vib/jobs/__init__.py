"""What is done every now and then, by supervisor or cron; `registry` lists it."""
