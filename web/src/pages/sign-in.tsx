import { useState } from "preact/hooks";
import { get } from "../api/client";
import { asProblem, problemText } from "../api/problem";
import { safeNext, signIn, signUp } from "../api/signing";
import type { Demo } from "../api/types";
import { t } from "../i18n";
import { useLoad } from "../ui/hooks";
import { mount } from "../ui/Shell";
import { Notice, Spinner } from "../ui/states";
import "../styles/forms.css";

const LEAST_PASSWORD = 8;

function Page() {
  const [fresh, setFresh] = useState(location.hash === "#new");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [name, setName] = useState("");
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const demo = useLoad((signal) => get<Demo>("/api/demo", { signal })).data;
  const next = safeNext(new URLSearchParams(location.search).get("next"));

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setFailure(null);
    try {
      await (fresh ? signUp(email.trim(), password, name.trim()) : signIn(email.trim(), password));
      location.assign(next);
    } catch (error) {
      setFailure(problemText(asProblem(error)));
      setBusy(false);
    }
  };

  return (
    <div class="page narrow">
      <div class="card form-card">
        <h1>{t(fresh ? "signin.sign_up" : "signin.title")}</h1>
        <p class="hint">{t(next === "/" ? "signin.lead" : "signin.lead_next")}</p>
        <form onSubmit={(event) => void submit(event)} data-testid="sign-in-form">
          {fresh && (
            <label class="field">
              <span>{t("signin.name")}</span>
              <input
                name="name"
                autocomplete="name"
                required
                maxLength={80}
                value={name}
                data-testid="name"
                onInput={(input) => setName(input.currentTarget.value)}
              />
            </label>
          )}
          <label class="field">
            <span>{t("signin.email")}</span>
            <input
              name="email"
              type="email"
              autocomplete={fresh ? "email" : "username"}
              required
              maxLength={254}
              value={email}
              data-testid="email"
              onInput={(input) => setEmail(input.currentTarget.value)}
            />
          </label>
          <label class="field">
            <span>{t("signin.password")}</span>
            <input
              name="password"
              type="password"
              autocomplete={fresh ? "new-password" : "current-password"}
              required
              minLength={fresh ? LEAST_PASSWORD : 1}
              maxLength={200}
              aria-describedby={fresh ? "password-hint" : undefined}
              value={password}
              data-testid="password"
              onInput={(input) => setPassword(input.currentTarget.value)}
            />
          </label>
          {fresh && (
            <p class="hint" id="password-hint">
              {t("signin.password_hint", { n: LEAST_PASSWORD })}
            </p>
          )}
          {failure && (
            <Notice tone="bad" testid="sign-in-error">
              <p>{failure}</p>
            </Notice>
          )}
          <button type="submit" class="btn primary wide large" disabled={busy} data-testid="submit">
            {busy && <Spinner />}
            {t(fresh ? "signin.create" : "signin.submit")}
          </button>
        </form>
        <button
          type="button"
          class="btn quiet wide"
          data-testid="sign-in-mode"
          onClick={() => {
            setFresh(!fresh);
            setFailure(null);
          }}
        >
          {t(fresh ? "signin.have" : "signin.none")}
        </button>
      </div>
      {demo && !fresh && (
        <section class="card demo" aria-labelledby="demo">
          <h2 id="demo">{t("signin.demo")}</h2>
          <p class="hint">{t("signin.demo_hint")}</p>
          <div class="demo-accounts">
            {demo.accounts.map((one) => (
              <button
                key={one.email}
                type="button"
                class="btn"
                data-testid={`demo-${one.role}`}
                onClick={() => {
                  setEmail(one.email);
                  setPassword(one.password);
                }}
              >
                <b>{t(`role.${one.role}`)}</b>
                <span>{one.email}</span>
              </button>
            ))}
          </div>
        </section>
      )}
    </div>
  );
}

void mount("signin.title", () => <Page />);
