import { lang, LANGS, setLanguage, t } from "../i18n";
import { announce } from "./announce";

export function LanguageSwitch() {
  return (
    <div class="lang" role="group" aria-label={t("nav.language")} data-testid="language-switch">
      {LANGS.map((code) => (
        <button
          key={code}
          type="button"
          lang={code}
          aria-pressed={lang.value === code}
          data-testid={`language-${code}`}
          onClick={() => void setLanguage(code).then(() => announce(t("nav.language_changed")))}
        >
          <span aria-hidden="true">{t(`lang.${code}.short`)}</span>
          <span class="visually-hidden">{t(`lang.${code}`)}</span>
        </button>
      ))}
    </div>
  );
}

export function Wordmark() {
  return (
    <a class="wordmark" href="/" aria-label={t("nav.home")}>
      <svg width="28" height="28" viewBox="0 0 32 32" aria-hidden="true">
        <path class="wordmark-ticket" d="M3 7h26v6a3 3 0 0 0 0 6v6H3v-6a3 3 0 0 0 0-6z" />
        <path class="wordmark-tear" d="M20 8.5v15" />
      </svg>
      <span>{t("brand")}</span>
    </a>
  );
}
