"""The health of the platform itself: the gateway and the control plane."""
