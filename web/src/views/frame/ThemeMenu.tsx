import { Monitor, Moon, Sun } from "lucide-react";
import { IconButton } from "../../ui/Button";
import { Menu, MenuChoice } from "../../ui/Menu";
import { type Theme, useTheme } from "../../ui/theme";

const OPTIONS = [
  { value: "system", label: "As the system" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
] as const satisfies { value: Theme; label: string }[];

const ICONS = { system: Monitor, light: Sun, dark: Moon };

export function ThemeMenu() {
  const [theme, chooseTheme] = useTheme();
  const Icon = ICONS[theme];
  return (
    <Menu
      align="end"
      trigger={
        <IconButton label="Theme" data-testid="theme-menu">
          <Icon size={15} />
        </IconButton>
      }
    >
      <MenuChoice value={theme} options={OPTIONS} onChange={chooseTheme} />
    </Menu>
  );
}
