"""Meta-learn general-purpose in-context learners, and use them."""
