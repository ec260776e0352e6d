@echo off
rem Double-click to start Helix. The first start makes a Python environment beside it and installs what it needs.
setlocal
cd /d "%~dp0..\.."
set "EXTRA="
set "VERSIONS=3.12 3.11 3.10 3.13"
set "VENV=.venv"
if /i "%~1"=="directml" (
  set "VENV=.venv-directml"
  set "EXTRA=[directml]"
  set "VERSIONS=3.12 3.11 3.10"
  set "PIP_CONSTRAINT=%CD%\packaging\constraints-directml.txt"
)
if exist "%VENV%\helix-ready.txt" goto :run

set "PY="
for %%V in (%VERSIONS%) do if not defined PY py -%%V -c "" >nul 2>nul && set "PY=py -%%V"
if not defined PY (
  echo Helix needs Python %VERSIONS: =, %. Install one from python.org and double-click again.
  pause
  exit /b 1
)
echo Setting Helix up. This happens once and takes a few minutes.
%PY% -m venv "%VENV%" || goto :failed
"%VENV%\Scripts\python.exe" -m pip install --disable-pip-version-check -e ".%EXTRA%" || goto :failed
echo ok> "%VENV%\helix-ready.txt"

:run
start "" "%VENV%\Scripts\pythonw.exe" main.py
exit /b 0

:failed
echo.
echo The installation did not finish. Check the connection and double-click again; it goes on where it stopped.
pause
exit /b 1
