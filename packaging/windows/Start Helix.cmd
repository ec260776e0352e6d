@echo off
rem Double-click to start Helix. The first start finds the graphics card and fetches what it needs; no Python is needed.
rem Others:  "Start Helix.cmd" --list    --variant cpu    --repair
setlocal
chcp 65001 >nul
rem in a folder of the network there is no current folder, so that every path is a whole one
cd /d "%~dp0..\.." 2>nul
set "UV=%~dp0..\uv.exe"
if exist "%UV%" goto :run
for /f "delims=" %%U in ('where uv.exe 2^>nul') do set "UV=%%U"& goto :run
set "UV=%USERPROFILE%\.local\bin\uv.exe"
if exist "%UV%" goto :run
echo Helix is set up by uv, which is not here. Install it with one of
echo     winget install astral-sh.uv
echo     py -m pip install uv
echo and double-click again.
pause
exit /b 1

:run
"%UV%" run --quiet --no-project --python 3.12 "%~dp0..\launcher" --uv "%UV%" %*
set "CODE=%ERRORLEVEL%"
rem a program that crashed has a negative code
if not "%CODE%"=="0" pause
exit /b %CODE%
