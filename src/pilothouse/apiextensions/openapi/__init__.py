"""OpenAPI documents of custom resources (upstream: apiextensions-apiserver pkg/controller/openapi/builder, openapi/v2,
openapi, openapiv3)."""
