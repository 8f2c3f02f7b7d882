using Relaybox.Diagnostics;

namespace Relaybox.MySql;

/// <summary>The server is older than what the store needs.</summary>
/// <param name="message">Which version it is, and which is needed.</param>
internal sealed class MySqlVersionException(string message) : Exception(message), ISafeToLog;
