// OneSignal by its published document: node serve.mjs PORT INNER_PORT PRISM DOCUMENT
// prism, on the inner port, refuses what the document does not allow and answers with its examples. The document says that
// the key comes as `Bearer`; OneSignal's reference and its own libraries send `Key`, and so does this front demand. It
// changes nothing else of a request. A key such as `answer-429` has prism give that answer.
import { spawn } from 'node:child_process';
import { createServer, request } from 'node:http';

const [port, inner, prism, document] = process.argv.slice(2);
const mock = spawn(prism, ['mock', document, '-h', '127.0.0.1', '-p', inner], { stdio: 'inherit' });
mock.on('exit', (code) => process.exit(code ?? 1));

createServer((asked, answered) => {
  const refuse = (status, why) => {
    asked.resume();
    answered.writeHead(status, { 'content-type': 'application/json' });
    answered.end(JSON.stringify({ errors: [why] }));
  };
  const [scheme, key] = (asked.headers.authorization ?? '').split(' ');
  if (scheme !== 'Key' || !key) return refuse(401, 'the key must come as: Authorization: Key KEY');
  const headers = { ...asked.headers, authorization: `Bearer ${key}` };
  const wanted = /^answer-(\d{3})$/.exec(key);
  if (wanted) headers.prefer = `code=${wanted[1]}`;
  const onward = request({ host: '127.0.0.1', port: inner, path: asked.url, method: asked.method, headers }, (heard) => {
    answered.writeHead(heard.statusCode, heard.headers);
    heard.pipe(answered);
  });
  onward.on('error', () => refuse(502, 'prism is away'));
  asked.pipe(onward);
}).listen(Number(port), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
