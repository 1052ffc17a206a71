import { useEffect, useRef, useState } from "preact/hooks";
import { asProblem, problemText, type Problem } from "../api/problem";
import { signInUrl, toSignIn, write } from "../api/session";
import type { CheckIn } from "../api/types";
import { lang, t, tOptional } from "../i18n";
import "../i18n/staff";
import { clock } from "../base/clock";
import { when } from "../base/format";
import { session } from "../base/storage";
import { canScan, scan } from "../gate/camera";
import { placeWords } from "../seats/words";
import { announce } from "../ui/announce";
import { Icon, type IconName } from "../ui/Icon";
import { mount } from "../ui/Shell";
import { Notice } from "../ui/states";
import "../styles/forms.css";
import "../styles/gate.css";

type Light = "green" | "amber" | "red";
interface Entry {
  light: Light;
  title: string;
  detail: string;
  at: number;
  code: string;
}
const KEPT = 50;
const ICONS: Record<Light, IconName> = { green: "check", amber: "alert", red: "cross" };
const BUZZ: Record<Light, number[]> = { green: [60], amber: [80, 60, 80], red: [220, 80, 220] };

function seatOf(answer: Partial<CheckIn>): string {
  return answer.section
    ? placeWords({ seat: answer.seat ?? "", section: answer.section, row: answer.row ?? null, number: answer.number ?? null })
    : "";
}

function refusal(problem: Problem, code: string): Entry {
  const answer = problem.extra as Partial<CheckIn>;
  const at = clock.now();
  if (answer.result === "already") {
    const since = answer.admitted_at ? t("gate.since", { time: when(answer.admitted_at, "clock", lang.value) }) : "";
    return { light: "amber", title: t("gate.already"), detail: [seatOf(answer), since].filter(Boolean).join(" · "), at, code };
  }
  if (answer.result === "refused") {
    return {
      light: "red",
      title: t("gate.refused"),
      detail: tOptional(`gate.reason.${answer.reason ?? ""}`) ?? t("gate.reason.unknown"),
      at,
      code,
    };
  }
  return { light: "red", title: t("gate.not_checked"), detail: problemText(problem), at, code };
}

async function checkIn(code: string): Promise<Entry | null> {
  try {
    const { data } = await write<CheckIn>("POST", "/api/checkins", { body: { code } });
    return { light: "green", title: t("gate.admitted"), detail: seatOf(data), at: clock.now(), code };
  } catch (error) {
    const problem = asProblem(error);
    return toSignIn(problem) ? null : refusal(problem, code);
  }
}

function Page() {
  const [history, setHistory] = useState<Entry[]>(() => session.read<Entry[]>("gate") ?? []);
  const [current, setCurrent] = useState<Entry | null>(null);
  const [code, setCode] = useState("");
  const [busy, setBusy] = useState(false);
  const input = useRef<HTMLInputElement>(null);

  const check = async (text: string): Promise<void> => {
    const clean = text.trim();
    if (!clean || busy) return;
    setBusy(true);
    const entry = await checkIn(clean);
    setBusy(false);
    if (!entry) return;
    setCurrent(entry);
    setCode("");
    setHistory((before) => {
      const next = [entry, ...before].slice(0, KEPT);
      session.write("gate", next);
      return next;
    });
    announce(`${entry.title}. ${entry.detail}`, true);
    navigator.vibrate?.(BUZZ[entry.light]);
    input.current?.focus();
  };

  return (
    <div class="page gate-page">
      <h1 class="visually-hidden">{t("gate.title")}</h1>
      <div class={`light ${current?.light ?? "idle"}`} data-testid="gate-result" data-result={current?.light ?? "idle"}>
        <Icon name={current ? ICONS[current.light] : "scan"} size={72} />
        <strong>{current ? current.title : t("gate.ready")}</strong>
        <span>{current ? current.detail : t("gate.ready_hint")}</span>
      </div>
      <div class="gate-side">
        <form
          class="gate-form"
          onSubmit={(event) => {
            event.preventDefault();
            void check(code);
          }}
        >
          <label class="field">
            <span>{t("gate.code")}</span>
            <input
              ref={input}
              value={code}
              autofocus
              autocomplete="off"
              autocapitalize="off"
              spellcheck={false}
              maxLength={2000}
              data-testid="gate-code"
              onInput={(typed) => setCode(typed.currentTarget.value)}
            />
          </label>
          <button type="submit" class="btn primary large" disabled={busy || !code.trim()} data-testid="gate-check">
            {t("gate.check")}
          </button>
        </form>
        <Scanner found={(text) => void check(text)} />
        <section aria-labelledby="history">
          <h2 id="history">{t("gate.history")}</h2>
          {history.length === 0 ? (
            <p class="hint">{t("gate.history_none")}</p>
          ) : (
            <ol class="gate-history">
              {history.map((entry) => (
                <li key={entry.at} class={entry.light}>
                  <Icon name={ICONS[entry.light]} size={18} />
                  <span>
                    <strong>{entry.title}</strong>
                    <span>{entry.detail}</span>
                  </span>
                  <time>{when(new Date(entry.at).toISOString(), "clock", lang.value)}</time>
                </li>
              ))}
            </ol>
          )}
        </section>
        <p class="hint">
          {t("gate.role_hint")} <a href={signInUrl("/gate")}>{t("nav.sign_in")}</a>
        </p>
      </div>
    </div>
  );
}

function Scanner({ found }: { found: (code: string) => void }) {
  const video = useRef<HTMLVideoElement>(null);
  const [on, setOn] = useState(false);
  const [failed, setFailed] = useState(false);
  const latest = useRef(found);
  latest.current = found;
  useEffect(() => {
    if (!on || !video.current) return undefined;
    let stop: (() => void) | undefined;
    let left = false;
    scan(video.current, (code) => latest.current(code)).then(
      (end) => (left ? end() : (stop = end)),
      () => {
        setFailed(true);
        setOn(false);
      },
    );
    return () => {
      left = true;
      stop?.();
    };
  }, [on]);
  if (!canScan()) return <p class="hint">{t("gate.no_camera")}</p>;
  return (
    <div class="scanner">
      <button type="button" class="btn wide" aria-pressed={on} onClick={() => setOn(!on)}>
        <Icon name="camera" />
        {t(on ? "gate.camera_off" : "gate.camera_on")}
      </button>
      {failed && (
        <Notice tone="warn">
          <p>{t("gate.camera_failed")}</p>
        </Notice>
      )}
      {on && <video ref={video} muted playsInline />}
    </div>
  );
}

void mount("gate.title", () => <Page />);
