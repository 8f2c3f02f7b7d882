namespace Relaybox.Events;

/// <summary>How a row breaks the row contract. Its text names the field and the rule, never the content.</summary>
/// <param name="Code">One of <see cref="ErrorCodes"/>.</param>
/// <param name="Message">What is wrong, and what the contract asks for.</param>
public sealed record RowViolation(string Code, string Message);
