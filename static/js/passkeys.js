/* Passkeys: a form with data-passkey asks the browser when it is sent, and then sends the answer. Pages offer codes beside it. */
(function () {
  "use strict";

  function bytes(text) {
    var raw = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(raw, function (letter) { return letter.charCodeAt(0); });
  }

  function text(buffer) {
    var raw = String.fromCharCode.apply(null, new Uint8Array(buffer));
    return btoa(raw).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  function known(list) {
    return (list || []).map(function (one) { return Object.assign({}, one, { id: bytes(one.id) }); });
  }

  function options(form) {
    var asked = JSON.parse(form.dataset.options);
    asked.challenge = bytes(asked.challenge);
    if (asked.user) { asked.user.id = bytes(asked.user.id); }
    asked.excludeCredentials = known(asked.excludeCredentials);
    asked.allowCredentials = known(asked.allowCredentials);
    return { publicKey: asked };
  }

  function written(found) {
    var answer = { clientDataJSON: text(found.response.clientDataJSON) };
    ["attestationObject", "authenticatorData", "signature", "userHandle"].forEach(function (name) {
      if (found.response[name]) { answer[name] = text(found.response[name]); }
    });
    return JSON.stringify({ id: found.id, rawId: text(found.rawId), type: found.type, response: answer });
  }

  document.querySelectorAll("form[data-passkey]").forEach(function (form) {
    if (!window.PublicKeyCredential || !navigator.credentials) { return; }
    form.hidden = false;
    var failed = form.querySelector("[data-failed]");
    form.addEventListener("submit", function (event) {
      if (form.elements.passkey.value) { return; }
      event.preventDefault();
      failed.hidden = true;
      var verb = form.dataset.passkey === "add" ? "create" : "get";
      navigator.credentials[verb](options(form)).then(function (found) {
        form.elements.passkey.value = written(found);
        form.submit();
      }).catch(function () { failed.hidden = false; });
    });
  });
})();
