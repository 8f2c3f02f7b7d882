namespace Relaybox.Events;

/// <summary>An event that was to be written breaks the row contract; nothing was written.</summary>
/// <param name="violation">How.</param>
public sealed class RowContractException(RowViolation violation)
    : ArgumentException($"{violation.Message} ({violation.Code})")
{
    /// <summary>How the event breaks the contract.</summary>
    public RowViolation Violation { get; } = violation;
}
