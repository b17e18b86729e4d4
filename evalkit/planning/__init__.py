"""Before the data: power and sample size, randomisation with a certificate, and the seal of the plan."""
