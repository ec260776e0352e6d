@echo off
rem Double-click to start Helix on a DirectX 12 card (AMD, Intel) through DirectML.
call "%~dp0Start Helix.bat" directml
