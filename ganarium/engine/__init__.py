"""What plays a game: the trainer, one player's seat, the average, the timetable of stages."""
