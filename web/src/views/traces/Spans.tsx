import { ColumnsMenu } from "./ColumnsMenu";
import { ListPage } from "./ListPage";
import { SpanList } from "./SpanList";
import { SPAN_COLUMNS } from "./spanColumns";
import { SpanTotals } from "./Totals";
import { ViewsMenu } from "./ViewsMenu";

/** The steps of all runs: model calls, tools and whatever else an agent did. */
export function Spans() {
  const tools = (
    <>
      <ViewsMenu of="spans" />
      <ColumnsMenu of="spans" columns={SPAN_COLUMNS} />
    </>
  );
  return (
    <ListPage of="spans" totals={<SpanTotals />} tools={tools}>
      <SpanList />
    </ListPage>
  );
}
