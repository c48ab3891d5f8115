// Shows the OpenAPI document. Nothing can be tried out: the site is not a gateway.
globalThis.SwaggerUIBundle({
  dom_id: '#reference',
  url: new URL('openapi.json', document.baseURI).href,
  validatorUrl: null,
  supportedSubmitMethods: [],
  deepLinking: true,
  defaultModelsExpandDepth: 0,
});
