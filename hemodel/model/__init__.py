"""The model: from curves to person-time, utilities, costs and outcomes."""
