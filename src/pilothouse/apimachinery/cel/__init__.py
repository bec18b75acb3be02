"""CEL, the Common Expression Language, as kube-apiserver evaluates it (upstream: cel-go, apiserver pkg/cel).

`environment.Environment` declares names and compiles; `kubernetes` makes the environments of kube-apiserver. From the
outside in: `tokens`, `parser` (with `recovery`, `literals`, `macros`) make a tree (`ast`); `checker` types it
(`types`, `declarations`); `planner` (with `plan`, `access`, `logic`, `calls`, `loops`, `reading`) makes closures of
it, which count what they cost (`callcost`); `cost` estimates that before anything runs.
"""
