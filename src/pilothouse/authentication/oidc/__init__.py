"""JSON Web Tokens of other issuers: OpenID Connect (upstream: k8s.io/apiserver plugin/pkg/authenticator/token/oidc,
pkg/apis/apiserver, pkg/authentication/cel; github.com/coreos/go-oidc).

`configuration` reads what --authentication-config says, `validation` checks it and compiles its `expressions`;
`authenticator` is one issuer's tokens, over its `provider` and `keys`; `reloading` is all issuers, exchanged at once.
"""
