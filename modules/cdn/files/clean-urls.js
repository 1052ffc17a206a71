// Viewer request: clean URLs to the files of the web build, by the table of web/routes.json.
// What is neither a route nor a file is answered here, so that nobody sees the bucket's refusal.
var ROUTES = /*ROUTES*/ [];

function handler(event) {
  var request = event.request;
  var path = request.uri.length > 1 && request.uri.endsWith("/") ? request.uri.slice(0, -1) : request.uri;
  for (var i = 0; i < ROUTES.length; i++) {
    if (new RegExp(ROUTES[i].pattern).test(path)) {
      if (ROUTES[i].to) {
        var place = path.replace(new RegExp(ROUTES[i].pattern), ROUTES[i].to);
        return { statusCode: 302, statusDescription: "Found", headers: { location: { value: place } } };
      }
      request.uri = "/" + ROUTES[i].file;
      return request;
    }
  }
  if (path.indexOf(".", path.lastIndexOf("/")) >= 0) {
    return request;
  }
  return {
    statusCode: 404,
    statusDescription: "Not Found",
    headers: {
      "content-type": { value: "text/html; charset=utf-8" },
      "cache-control": { value: "public, max-age=60" },
    },
    body: '<!doctype html><html lang="ko"><meta charset="utf-8"><title>404</title><p>페이지가 없습니다. This page does not exist. <a href="/">/</a></p></html>',
  };
}
