import { useListing } from "../frame/scope";
import { ColumnsMenu } from "./ColumnsMenu";
import { ExportMenu } from "./ExportMenu";
import { ListPage } from "./ListPage";
import { RunList } from "./RunList";
import { RUN_COLUMNS } from "./runColumns";
import { Totals } from "./Totals";
import { ViewsMenu } from "./ViewsMenu";

/** The runs of a project. */
export function Runs() {
  const tools = (
    <>
      <ViewsMenu of="runs" />
      <ColumnsMenu of="runs" columns={RUN_COLUMNS} />
      <ExportMenu look="quiet" which={useListing()} says="What matches, up to 10,000 runs" />
    </>
  );
  return (
    <ListPage of="runs" totals={<Totals />} tools={tools}>
      <RunList />
    </ListPage>
  );
}
