// Where a page is opened as a file, browsers refuse to load data beside it: take it from files.js.
(function ($) {
  if (window.location.protocol !== "file:") { return; }
  $.ajaxTransport("+*", function (options) {
    var name = decodeURIComponent(options.url.split("?")[0]);
    return {
      send: function (headers, done) {
        // Later, as from a server: asv's pages are not registered yet when the first file is asked for.
        setTimeout(function () {
          if (Object.prototype.hasOwnProperty.call(window.ASV_FILES, name)) {
            done(200, "OK", { text: window.ASV_FILES[name] });
          } else if (/\.ico$/.test(name)) {
            done(200, "OK", { text: "" }); // asv asks for it to see whether the server is there
          } else {
            done(404, "Not Found", { text: "" });
          }
        }, 1);
      },
      abort: function () {}
    };
  });
})(jQuery);
