; The installer: per user, without administrator rights, an upgrade replaces the program and keeps environments and data.
;   iscc /DVersion=1.2.3 /DSource=..\..\build\portable packaging\windows\helix.iss
; Source is the folder that `python packaging/archive.py` makes: the program with uv.exe in it.
#ifndef Version
  #error "Give the version: /DVersion=1.2.3"
#endif
#ifndef Source
  #define Source "..\..\build\portable"
#endif

[Setup]
AppId={{6B0C3D0E-54B1-4B5E-9C0F-3E5E5A1C7A41}
AppName=Helix
AppVersion={#Version}
AppPublisher=Helix
DefaultDirName={localappdata}\Programs\Helix
DefaultGroupName=Helix
DisableProgramGroupPage=yes
DisableDirPage=auto
PrivilegesRequired=lowest
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
OutputBaseFilename=Helix-{#Version}-setup
LicenseFile={#Source}\LICENSE
UninstallDisplayIcon={app}\resources\icons\app.ico
SetupIconFile={#Source}\resources\icons\app.ico
Compression=lzma2
SolidCompression=yes
WizardStyle=modern
CloseApplications=yes
ChangesAssociations=yes

[Languages]
Name: "en"; MessagesFile: "compiler:Default.isl"
Name: "de"; MessagesFile: "compiler:Languages\German.isl"

[CustomMessages]
en.OpenWith=Offer Helix under "Open with" for .gguf models and .helixrun files
de.OpenWith=Helix unter „Öffnen mit“ für .gguf-Modelle und .helixrun-Dateien anbieten
en.DeleteEnvironments=Delete what was fetched to run Helix (PyTorch and its kin, several gigabytes)?
de.DeleteEnvironments=Löschen, was zum Betrieb von Helix geladen wurde (PyTorch und Verwandte, mehrere Gigabyte)?
en.DeleteData=Delete your conversations, models and settings, too? This cannot be undone.
de.DeleteData=Auch Ihre Gespräche, Modelle und Einstellungen löschen? Das lässt sich nicht rückgängig machen.

[Tasks]
Name: openwith; Description: "{cm:OpenWith}"
Name: desktopicon; Description: "{cm:CreateDesktopIcon}"; Flags: unchecked

[InstallDelete]
; an upgrade must not keep modules that the new version no longer has
Type: filesandordirs; Name: "{app}\helix_app"
Type: filesandordirs; Name: "{app}\packaging"
Type: filesandordirs; Name: "{app}\resources"

[Files]
Source: "{#Source}\*"; DestDir: "{app}"; Flags: recursesubdirs createallsubdirs ignoreversion

[Icons]
Name: "{group}\Helix"; Filename: "{app}\packaging\windows\Start Helix.cmd"; IconFilename: "{app}\resources\icons\app.ico"; WorkingDir: "{app}"
Name: "{group}\Helix: repair"; Filename: "{app}\packaging\windows\Start Helix.cmd"; Parameters: "--repair"; WorkingDir: "{app}"
Name: "{userdesktop}\Helix"; Filename: "{app}\packaging\windows\Start Helix.cmd"; IconFilename: "{app}\resources\icons\app.ico"; WorkingDir: "{app}"; Tasks: desktopicon

[Registry]
Root: HKCU; Subkey: "Software\Classes\Applications\Start Helix.cmd"; ValueType: string; ValueName: "FriendlyAppName"; ValueData: "Helix"; Flags: uninsdeletekey; Tasks: openwith
Root: HKCU; Subkey: "Software\Classes\Applications\Start Helix.cmd\shell\open\command"; ValueType: string; ValueData: """{app}\packaging\windows\Start Helix.cmd"" -- ""%1"""; Tasks: openwith
Root: HKCU; Subkey: "Software\Classes\.gguf\OpenWithList\Start Helix.cmd"; Flags: uninsdeletekey; Tasks: openwith
Root: HKCU; Subkey: "Software\Classes\.helixrun\OpenWithList\Start Helix.cmd"; Flags: uninsdeletekey; Tasks: openwith

[Run]
Filename: "{app}\packaging\windows\Start Helix.cmd"; Description: "{cm:LaunchProgram,Helix}"; Flags: postinstall nowait shellexec skipifsilent

[Code]
procedure CurUninstallStepChanged(Step: TUninstallStep);
var
  Data: String;
begin
  if Step <> usPostUninstall then
    exit;
  Data := ExpandConstant('{localappdata}\Helix');
  if DirExists(Data + '\environments') then
    if SuppressibleMsgBox(CustomMessage('DeleteEnvironments'), mbConfirmation, MB_YESNO, IDNO) = IDYES then
      DelTree(Data + '\environments', True, True, True);
  if DirExists(Data) or DirExists(ExpandConstant('{userappdata}\Helix')) then
    if SuppressibleMsgBox(CustomMessage('DeleteData'), mbConfirmation, MB_YESNO or MB_DEFBUTTON2, IDNO) = IDYES then
    begin
      DelTree(Data, True, True, True);
      DelTree(ExpandConstant('{userappdata}\Helix'), True, True, True);
    end;
end;
