"""Made-up data whose factors are known, and digits."""
