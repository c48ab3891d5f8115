// Calls that are tried out go to the gateway itself. What is authorized is gone with the page.
globalThis.SwaggerUIBundle({
  dom_id: '#reference',
  url: new URL('openapi.json', document.baseURI).href,
  validatorUrl: null,
  persistAuthorization: false,
  deepLinking: true,
  defaultModelsExpandDepth: 0,
});
