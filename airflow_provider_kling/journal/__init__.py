"""The durable record of a submission, and the rules that keep it from being paid twice."""
