@echo off
rem Double-click to start Helix. The first start finds the graphics card and fetches what it needs; no Python is needed.
rem Others:  "Start Helix.cmd" --list    --variant cpu    --repair
setlocal
chcp 65001 >nul
cd /d "%~dp0..\.."
set "UV=%CD%\packaging\uv.exe"
if exist "%UV%" goto :run
for /f "delims=" %%U in ('where uv.exe 2^>nul') do set "UV=%%U"& goto :run
if exist "%USERPROFILE%\.local\bin\uv.exe" set "UV=%USERPROFILE%\.local\bin\uv.exe"& goto :run
echo Helix is set up by uv, which is not here. Install it with one of
echo     winget install astral-sh.uv
echo     py -m pip install uv
echo and double-click again.
pause
exit /b 1

:run
"%UV%" run --quiet --no-project --python 3.12 packaging\launcher --uv "%UV%" %*
if errorlevel 1 pause
