import { type ComponentChildren, render, Component } from "preact";
import { useEffect } from "preact/hooks";
import { account, signInUrl } from "../api/session";
import { signOut } from "../api/signing";
// Lets components follow signals; the rooms below need only the signals themselves.
import "@preact/signals";
import { lang, startLanguage, t, type Key } from "../i18n";
import "../i18n/pages";
import { LiveRegions, say } from "./announce";
import { Icon, type IconName } from "./Icon";
import { LanguageSwitch, Wordmark } from "./Masthead";
import { asProblem, problemText } from "../api/problem";
import "../styles/base.css";

function NavLink({ href, icon, name }: { href: string; icon: IconName; name: Key }) {
  return (
    <a class="nav-link" href={href} aria-current={location.pathname === href ? "page" : undefined}>
      <Icon name={icon} />
      <span>{t(name)}</span>
    </a>
  );
}

async function leave(): Promise<void> {
  try {
    await signOut();
    location.assign("/");
  } catch (error) {
    const problem = asProblem(error);
    if (problem.status === 401) location.assign("/");
    else say(problemText(problem));
  }
}

function AccountMenu() {
  const who = account.value;
  if (!who) {
    return location.pathname === "/sign-in" ? null : (
      <a class="nav-link" href={signInUrl()} data-testid="sign-in-link">
        <Icon name="user" />
        <span>{t("nav.sign_in")}</span>
      </a>
    );
  }
  return (
    <details class="menu">
      <summary class="nav-link" data-testid="account-menu">
        <Icon name="user" />
        <span>{who.name}</span>
      </summary>
      <div class="menu-panel">
        <p class="menu-who">
          <strong>{who.name}</strong>
          <span>{who.email}</span>
        </p>
        <button type="button" class="btn quiet wide" data-testid="sign-out" onClick={() => void leave()}>
          {t("nav.sign_out")}
        </button>
      </div>
    </details>
  );
}

function Header() {
  const role = account.value?.role;
  return (
    <header class="top">
      <a class="skip" href="#main">
        {t("nav.skip")}
      </a>
      <Wordmark />
      <nav aria-label={t("nav.main")}>
        {(role === "gate" || role === "operator") && <NavLink href="/gate" icon="scan" name="nav.gate" />}
        <NavLink href="/tickets" icon="ticket" name="nav.tickets" />
        <AccountMenu />
        <LanguageSwitch />
      </nav>
    </header>
  );
}

class Guard extends Component<{ children: ComponentChildren }, { failed: boolean }> {
  override state = { failed: false };

  static override getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <div class="empty" role="alert">
        <h2>{t("state.failed")}</h2>
        <button type="button" class="btn" onClick={() => location.reload()}>
          {t("action.reload")}
        </button>
      </div>
    );
  }
}

function Title({ name }: { name: string }) {
  useEffect(() => {
    document.title = `${name} · ${t("brand")}`;
  });
  return null;
}

/** Sets the tab's title, once the page knows it better than its HTML file. */
export function usePageTitle(name: string | null): void {
  const brand = t("brand");
  useEffect(() => {
    if (name) document.title = `${name} · ${brand}`;
  }, [name, brand]);
}

function Shell({ title, children }: { title: Key; children: ComponentChildren }) {
  return (
    <>
      <Title key={lang.value} name={t(title)} />
      <Header />
      <main id="main" tabIndex={-1}>
        <Guard>{children}</Guard>
      </main>
      <LiveRegions />
    </>
  );
}

/** Starts a page: the language first, then the shell with the page in it. */
export async function mount(title: Key, page: () => ComponentChildren): Promise<void> {
  await startLanguage();
  const root = document.getElementById("app");
  if (!root) return;
  root.textContent = "";
  const Page = page;
  render(
    <Shell title={title}>
      <Page />
    </Shell>,
    root,
  );
}
