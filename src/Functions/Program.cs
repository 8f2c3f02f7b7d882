// The entry point comes with the functions.
return;
