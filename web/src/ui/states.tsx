import type { ComponentChildren } from "preact";
import { problemText, type Problem } from "../api/problem";
import { t } from "../i18n";
import { Icon, type IconName } from "./Icon";

export type Tone = "good" | "warn" | "bad" | "info";
const TONE_ICON: Record<Tone, IconName> = { good: "check", warn: "alert", bad: "alert", info: "info" };

export function Notice({ tone, title, children, testid }: { tone: Tone; title?: string; children?: ComponentChildren; testid?: string }) {
  return (
    <div class={`notice ${tone}`} role={tone === "bad" ? "alert" : undefined} data-testid={testid}>
      <Icon name={TONE_ICON[tone]} />
      <div class="notice-text">
        {title && <strong>{title}</strong>}
        {children}
      </div>
    </div>
  );
}

export function Skeleton({ lines = 3, tall = false }: { lines?: number; tall?: boolean }) {
  return (
    <div class="skeletons" role="status" aria-label={t("state.loading")}>
      {Array.from({ length: lines }, (_, i) => (
        <div key={i} class={tall ? "skeleton tall" : "skeleton"} />
      ))}
    </div>
  );
}

/** `alone` where it is all that the page shows: then its words are the page's heading. */
export function Empty({
  icon,
  title,
  children,
  alone = false,
}: {
  icon: IconName;
  title: string;
  children?: ComponentChildren;
  alone?: boolean;
}) {
  const Heading = alone ? "h1" : "h2";
  return (
    <div class="empty">
      <span class="empty-icon">
        <Icon name={icon} size={32} />
      </span>
      <Heading>{title}</Heading>
      {children}
    </div>
  );
}

export function Failed({ problem, retry, alone = false }: { problem: Problem; retry?: () => void; alone?: boolean }) {
  const Heading = alone ? "h1" : "h2";
  const missing = problem.status === 404;
  // To ask again would change nothing: somebody else may, this account may not.
  const forbidden = problem.status === 403;
  return (
    <div class="empty" role="alert" data-testid="error">
      <span class="empty-icon">
        <Icon name="alert" size={32} />
      </span>
      <Heading>{t(missing ? "state.not_found" : forbidden ? "state.forbidden" : "state.failed")}</Heading>
      <p>{problemText(problem)}</p>
      {missing || forbidden || !retry ? (
        <a class="btn" href="/">
          {t("nav.all_events")}
        </a>
      ) : (
        <button type="button" class="btn" onClick={retry}>
          {t("action.retry")}
        </button>
      )}
    </div>
  );
}

export function Spinner() {
  return <span class="spinner" aria-hidden="true" />;
}
