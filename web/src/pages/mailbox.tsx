import { Fragment } from "preact";
import { get } from "../api/client";
import type { Message } from "../api/types";
import { lang, t } from "../i18n";
import { when } from "../base/format";
import { useLoad } from "../ui/hooks";
import { Icon } from "../ui/Icon";
import { mount } from "../ui/Shell";
import { Empty, Failed, Skeleton } from "../ui/states";
import "../styles/mailbox.css";

/** Plain text with its web addresses made links; nothing else in a mail is trusted. */
function Linked({ text }: { text: string }) {
  return (
    <>
      {text.split(/(https?:\/\/[^\s<>"']+)/).map((part, i) =>
        i % 2 ? (
          <a key={i} href={part} rel="noreferrer">
            {part}
          </a>
        ) : (
          <Fragment key={i}>{part}</Fragment>
        ),
      )}
    </>
  );
}

function Page() {
  const { data, problem, reload } = useLoad((signal) => get<{ messages: Message[] }>("/api/mailbox", { signal }));
  return (
    <div class="page narrow">
      <div class="page-head">
        <h1>{t("mailbox.title")}</h1>
        <button type="button" class="btn quiet" onClick={reload}>
          {t("action.refresh")}
        </button>
      </div>
      <p class="hint">{t("mailbox.lead")}</p>
      {problem && !data && <Failed problem={problem} retry={reload} />}
      {!problem && !data && <Skeleton lines={4} />}
      {data?.messages.length === 0 && <Empty icon="mail" title={t("mailbox.none")} />}
      <ul class="mails">
        {data?.messages.map((mail) => (
          <li key={mail.id}>
            <details class="card mail" data-testid="mail">
              <summary>
                <Icon name="mail" />
                <span class="mail-head">
                  <strong>{mail.subject}</strong>
                  <span>{mail.to}</span>
                </span>
                <time dateTime={mail.at}>{when(mail.at, "short", lang.value)}</time>
              </summary>
              <pre>
                <Linked text={mail.text} />
              </pre>
            </details>
          </li>
        ))}
      </ul>
    </div>
  );
}

void mount("mailbox.title", () => <Page />);
