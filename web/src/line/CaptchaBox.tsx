import { signal } from "@preact/signals-core";
import { t } from "../i18n";
import type { Captcha } from "./captcha";

const failed = signal(false);
let shown: Captcha | null = null;

/** The widget is put into its box once, however often the page is drawn. */
function show(captcha: Captcha, box: HTMLElement | null, solved: (token: string) => void): void {
  if (!box || shown === captcha) return;
  shown = captcha;
  failed.value = false;
  void import("./captcha").then(({ showCaptcha }) => showCaptcha(captcha, box, solved)).catch(() => (failed.value = true));
}

export function CaptchaBox({ captcha, solved }: { captcha: Captcha; solved: (token: string) => void }) {
  return (
    <>
      <h2 class="board-word">{t("line.captcha")}</h2>
      {failed.value && <p class="board-note">{t("line.captcha_missing")}</p>}
      <div ref={(box) => show(captcha, box, solved)} class="board-captcha" data-testid="captcha" />
    </>
  );
}
