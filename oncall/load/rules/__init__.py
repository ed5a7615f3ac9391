"""What being on call costs people: hours of every kind, nights and pages, and what is paid for it."""
