namespace Relaybox.Local;

/// <summary>A condition that the person at the keyboard can mend: what is wrong and what to do, without a stack trace.</summary>
public sealed class RunnerException(string message, Exception? innerException = null)
    : Exception(message, innerException);
