"""What tests share: desks, fixtures, services and made-up data. No test is in here, and no test is imported from another."""
