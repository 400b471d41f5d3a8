import { marked, type Token, type Tokens } from "marked";
import { Fragment, type ReactNode } from "react";

/**
 * Markdown as React elements. The tokens of `marked` are drawn one by one, so what a model or a tool
 * wrote never becomes HTML: its tags are shown as the text they are, links open in a new tab when
 * they are http(s) or mail, and images of foreign servers stay links, since loading one would tell
 * that server who reads.
 */
export default function Markdown({ text }: { text: string }) {
  return <div className="prose-clew">{drawAll(parse(text))}</div>;
}

function parse(text: string): Token[] {
  try {
    return marked.lexer(text, { gfm: true, breaks: true });
  } catch {
    // Nesting deep enough to exhaust the stack is an attack, not a document.
    return [{ type: "code", raw: text, text } as Tokens.Code];
  }
}

function drawAll(tokens: Token[] | undefined): ReactNode {
  return tokens?.map((token, k) => <Fragment key={k}>{draw(token)}</Fragment>);
}

function draw(token: Token): ReactNode {
  switch (token.type) {
    case "space":
    case "def":
      return null;
    case "heading":
      return <Heading level={token["depth"]}>{drawAll(token["tokens"])}</Heading>;
    case "paragraph":
      return <p>{drawAll(token["tokens"])}</p>;
    case "blockquote":
      return <blockquote>{drawAll(token["tokens"])}</blockquote>;
    case "list":
      return <List token={token as Tokens.List} />;
    case "table":
      return <Table token={token as Tokens.Table} />;
    case "code":
      return (
        <pre>
          <code>{token["text"]}</code>
        </pre>
      );
    case "hr":
      return <hr />;
    case "br":
      return <br />;
    case "strong":
      return <strong>{drawAll(token["tokens"])}</strong>;
    case "em":
      return <em>{drawAll(token["tokens"])}</em>;
    case "del":
      return <del>{drawAll(token["tokens"])}</del>;
    case "codespan":
      return <code>{token["text"]}</code>;
    case "link":
      return <Link href={token["href"]}>{drawAll(token["tokens"])}</Link>;
    case "image":
      return <Link href={token["href"]}>{`[image${token["text"] ? `: ${token["text"]}` : ""}]`}</Link>;
    case "text":
    case "escape":
      return "tokens" in token && token.tokens ? drawAll(token.tokens) : token["text"];
    default:
      return token.raw;
  }
}

function Heading({ level, children }: { level: number; children: ReactNode }) {
  const Tag = level <= 2 ? "h3" : "h4";
  return <Tag>{children}</Tag>;
}

function List({ token }: { token: Tokens.List }) {
  const Tag = token.ordered ? "ol" : "ul";
  return (
    <Tag {...(token.ordered && typeof token.start === "number" ? { start: token.start } : {})}>
      {token.items.map((item, k) => (
        <li key={k} className={item.task ? "task" : undefined}>
          {item.task && <input type="checkbox" checked={item.checked === true} readOnly tabIndex={-1} aria-label="done" />}
          {drawAll(item.tokens.filter((part) => part.type !== "checkbox"))}
        </li>
      ))}
    </Tag>
  );
}

function Table({ token }: { token: Tokens.Table }) {
  return (
    <div className="overflow-x-auto">
      <table>
        <thead>
          <tr>
            {token.header.map((cell, k) => (
              <th key={k} style={{ textAlign: cell.align ?? "left" }}>
                {drawAll(cell.tokens)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {token.rows.map((row, r) => (
            <tr key={r}>
              {row.map((cell, k) => (
                <td key={k} style={{ textAlign: cell.align ?? "left" }}>
                  {drawAll(cell.tokens)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Link({ href, children }: { href: string; children: ReactNode }) {
  if (!/^(https?:|mailto:)/i.test(href)) return <span title={href}>{children}</span>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow" title={href}>
      {children}
    </a>
  );
}
