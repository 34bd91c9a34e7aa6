// An OpenID issuer for tests: node serve.mjs PORT
// POST /token takes a form with the usual fields and, beyond them, `claims`: a JSON object merged into the token, so a
// test can have any audience, subject or expiry.
import { OAuth2Server } from 'oauth2-mock-server';

const server = new OAuth2Server();
await server.issuer.keys.generate('RS256');
server.service.on('beforeTokenSigning', (token, request) => {
  if (request.body?.claims) Object.assign(token.payload, JSON.parse(request.body.claims));
});
await server.start(Number(process.argv[2]), '127.0.0.1');
server.issuer.url = `http://127.0.0.1:${process.argv[2]}`;
process.on('SIGTERM', () => process.exit(0));
