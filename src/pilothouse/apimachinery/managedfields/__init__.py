"""Who owns which field of an object: server-side apply and the bookkeeping of every other write.

(upstream: k8s.io/apimachinery pkg/util/managedfields over sigs.k8s.io/structured-merge-diff, "SMD" below)
The way of a write: `manager.FieldManager` decodes metadata.managedFields (`entries`), asks `updater` what
changed in terms of field sets (`fieldset`), which `typed` computes from two objects of one `schema.model.Type`.
"""
