"""The Modellix service: one API for the models of many makers, Kling's among them."""
