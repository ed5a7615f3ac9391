"""A change until everybody else sees it, with two web processes; the board and a long room beside many incidents."""
