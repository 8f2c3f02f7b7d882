namespace Relaybox.Simulation.Model;

/// <summary>Is told of every change of the model inbox, in the moment that it happens.</summary>
internal interface IInboxWatcher
{
    void Claimed(RecordState record);

    /// <summary>A record was completed under a token, with so many effects of its event.</summary>
    void Processed(RecordState record, string token, int effects);

    /// <summary>An attempt was ended under a token.</summary>
    void Failed(RecordState record, string token);

    /// <summary>A record is about to get its attempts back.</summary>
    void AttemptsGivenBack(RecordState record);

    void Reset(RecordState record);

    void Deleted(RecordState record);
}
