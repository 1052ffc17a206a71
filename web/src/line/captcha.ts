/** A check by somebody else's widget, fetched only by those who are asked. The policy of the site must allow its host. */

export interface Captcha {
  kind: string;
  site_key: string;
}

interface Widget {
  render: (where: HTMLElement, options: { sitekey: string; callback: (token: string) => void }) => unknown;
  ready?: (then: () => void) => void;
}

const SERVICES: Record<string, { script: string; name: string }> = {
  turnstile: { script: "https://challenges.cloudflare.com/turnstile/v0/api.js?render=explicit", name: "turnstile" },
  hcaptcha: { script: "https://js.hcaptcha.com/1/api.js?render=explicit", name: "hcaptcha" },
  recaptcha: { script: "https://www.google.com/recaptcha/api.js?render=explicit", name: "grecaptcha" },
};

function load(script: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const element = document.createElement("script");
    element.src = script;
    element.onload = () => resolve();
    element.onerror = () => reject(new Error(`${script} did not load`));
    document.head.append(element);
  });
}

/** Shows the widget; `solved` gets its token. Rejects when it cannot be shown. */
export async function showCaptcha(captcha: Captcha, where: HTMLElement, solved: (token: string) => void): Promise<void> {
  const service = SERVICES[captcha.kind];
  if (!service) throw new Error(`no widget for ${captcha.kind}`);
  const found = (): Widget | undefined => (globalThis as unknown as Record<string, Widget | undefined>)[service.name];
  if (!found()) await load(service.script);
  const widget = found();
  if (!widget) throw new Error(`${service.name} is not there`);
  if (widget.ready) await new Promise<void>((resolve) => widget.ready?.(resolve));
  widget.render(where, { sitekey: captcha.site_key, callback: solved });
}
