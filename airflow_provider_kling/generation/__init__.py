"""One generation, from submission to result: shared by the operators, the sensor and the decorators."""
