namespace Relaybox.Diagnostics;

/// <summary>An exception whose message says what is wrong and what to do, and holds nothing that a log may not hold.</summary>
internal interface ISafeToLog;
