"""kube-apiserver's flags: one frozen dataclass for each concern; complete, validate, run."""
