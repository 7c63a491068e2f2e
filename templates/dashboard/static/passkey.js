// Signing in by a passkey, and adding one. Each form[data-passkey] is hidden until it is known that the browser
// can. It names where what the browser is to sign comes from; the signed answer goes into its field `credential`.
"use strict";
(() => {
  if (!window.PublicKeyCredential || !navigator.credentials) return;

  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const known = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  async function asked(options) {
    options.challenge = bytes(options.challenge);
    if (options.user) {
      options.user.id = bytes(options.user.id);
      options.excludeCredentials = known(options.excludeCredentials);
      return navigator.credentials.create({ publicKey: options });
    }
    options.allowCredentials = known(options.allowCredentials);
    return navigator.credentials.get({ publicKey: options });
  }

  function written(made) {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
      if (made.response[name]) response[name] = text(made.response[name]);
    return JSON.stringify({ id: made.id, rawId: text(made.rawId), type: made.type, response });
  }

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const failed = form.querySelector("[role=alert]");
      failed.hidden = true;
      try {
        const body = new URLSearchParams({ csrf: form.elements.csrf.value });
        const answer = await fetch(form.dataset.passkey, { method: "POST", body, redirect: "error" });
        if (!answer.ok) throw new Error(answer.status);
        form.elements.credential.value = written(await asked(await answer.json()));
        form.submit();
      } catch {
        failed.hidden = false;
      }
    });
  }
})();
